import json
from importlib.resources import files

import jsonschema
import pytest
import yaml

from worker_services.contracts import CONTRACTS, contract_feeds, load_code_list, load_contract
from worker_services.seeds import SEEDS

SCHEMA = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
FEEDS = contract_feeds()


def test_there_are_contracts():
    assert len(FEEDS) >= 10


@pytest.mark.parametrize("feed", FEEDS)
def test_contract_keeps_to_the_open_data_contract_standard(feed):
    document = yaml.safe_load((CONTRACTS / f"{feed}.yaml").read_text(encoding="utf-8"))
    mistakes = [error.message for error in jsonschema.Draft201909Validator(SCHEMA).iter_errors(document)]
    assert not mistakes


@pytest.mark.parametrize("feed", FEEDS)
def test_contract_says_what_a_row_is(feed):
    contract = load_contract(feed)
    names = [column.name for column in contract.columns]
    assert contract.feed == feed
    assert contract.key
    assert len(names) == len(set(names))
    assert "updated_at" in names
    assert ("record_status" in names) == (contract.delivery == "changes")  # who leaves a snapshot is not in it
    for column in contract.columns:
        if column.code_list:
            assert load_code_list(column.code_list)
        if column.references:
            parent, parent_column = column.references
            assert parent_column in load_contract(parent).key
    for order in contract.date_orders:
        assert {order.earlier, order.later} <= set(names)


@pytest.mark.parametrize("feed", FEEDS)
def test_personal_data_is_not_among_the_landed_columns(feed):
    contract = load_contract(feed)
    personal = {column.name for column in contract.columns if column.privacy != "keep"}
    assert not personal & set(contract.landed_columns)
    for column in contract.columns:
        if column.check_digit == "citizen_id":
            assert column.privacy == "pseudonymise"
            assert column.published_name == "worker_key"


def test_a_contract_that_forgets_privacy_is_refused(tmp_path):
    text = (CONTRACTS / "vouchers.yaml").read_text(encoding="utf-8")
    (tmp_path / "vouchers.yaml").write_text(
        text.replace("          - {property: privacy, value: pseudonymise}\n", ""), encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"vouchers\.yaml: column worker_id: restricted columns"):
        load_contract("vouchers", tmp_path)


def test_a_custom_property_nobody_knows_is_refused(tmp_path):
    text = (CONTRACTS / "job_fairs.yaml").read_text(encoding="utf-8")
    (tmp_path / "job_fairs.yaml").write_text(text.replace("codeList", "codelist"), encoding="utf-8")
    with pytest.raises(ValueError, match="unknown custom property codelist"):
        load_contract("job_fairs", tmp_path)


def test_code_lists_have_no_spelling_for_two_codes():
    lists = sorted((SEEDS / "code_lists").glob("*.csv"))
    assert lists
    for path in lists:
        rows = path.read_text(encoding="utf-8").splitlines()
        assert rows[0].startswith("code,name_zh,name_en")
        codes = [row.split(",")[0] for row in rows[1:]]
        assert len(codes) == len(set(codes)), path
