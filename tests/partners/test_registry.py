import pytest
import yaml

from worker_services.intervals import Interval
from worker_services.partners.registry import PARTNERS, load_partners
from worker_services.seeds import read_seed

EYE = yaml.safe_load((PARTNERS / "eye_hospital.yaml").read_text(encoding="utf-8"))


def write(folder, document, name="eye_hospital"):
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def test_every_partner_file_loads():
    partners = load_partners()
    assert len(partners) >= 14
    assert {partner.domain for partner in partners.values()} == {row["code"] for row in read_seed("code_lists/domains")}


def test_a_file_path_names_the_interval():
    source = load_partners()["maternity_hospital"].feeds["health_services"].source
    assert source.path_for(Interval.parse("2025-01-01/2025-10-25")) == "/outbox/health_services_20250101_20251024.csv"


def changed(path, value):
    document = yaml.safe_load(yaml.safe_dump(EYE))
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


FEED = ("feeds", "health_services")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*FEED, "columns", "worker_id"), None, "required column 'worker_id' has neither a mapping nor a constant"),
        ((*FEED, "columns", "shoe_size"), "shoeSize", "'shoe_size' is not a column of its contract"),
        ((*FEED, "codes", "service_category"), {"EH01": "eyes"}, "eyes not in code list service_categories"),
        ((*FEED, "codes", "worker_id"), {"1": "2"}, "'worker_id' has no code list"),
        ((*FEED, "source", "kind"), "carrier_pigeon", "'file', 'http_json', 'fhir_bulk', 'sql'"),
        ((*FEED, "source", "paging", "page_size"), 0, "greater than 0"),
        (("partner",), "other_hospital", "the file is named 'eye_hospital'"),
        (("telephone",), "1", "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_a_partner_file_is_named(tmp_path, path, value, message):
    write(tmp_path, changed(path, value))
    with pytest.raises(ValueError, match=r"eye_hospital\.yaml") as refused:
        load_partners(tmp_path)
    assert message in str(refused.value)


def test_a_file_source_must_name_its_interval(tmp_path):
    document = yaml.safe_load((PARTNERS / "maternity_hospital.yaml").read_text(encoding="utf-8"))
    document["feeds"]["health_services"]["source"]["path"] = "/outbox/latest.csv"
    write(tmp_path, document, "maternity_hospital")
    with pytest.raises(ValueError, match="must name the interval"):
        load_partners(tmp_path)


def test_a_query_must_be_repeatable(tmp_path):
    document = yaml.safe_load((PARTNERS / "mediation_center.yaml").read_text(encoding="utf-8"))
    document["feeds"]["mediation_cases"]["source"]["query"] = "select * from ldtj.aj_djb"
    write(tmp_path, document, "mediation_center")
    with pytest.raises(ValueError, match="must use :start and :end"):
        load_partners(tmp_path)
