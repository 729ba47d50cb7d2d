import pytest
from two_runs import Lived, live


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WAREHOUSE_THREADS")
        return live(tmp_path_factory.mktemp("demo"))
