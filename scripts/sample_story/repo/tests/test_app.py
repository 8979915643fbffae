import pytest
from fastapi.testclient import TestClient

from tidepool.app import app


@pytest.fixture
def client():
    return TestClient(app)


def test_stations(client):
    ids = [item["id"] for item in client.get("/stations").json()]
    assert "brest" in ids and len(ids) == len(set(ids))


def test_unknown_station(client):
    assert client.get("/stations/atlantis").status_code == 404


def test_tides_are_utc(client):
    answer = client.get("/stations/brest/tides", params={"from": "2026-03-20", "to": "2026-03-20"})
    assert answer.status_code == 200
    assert all(water["time"].endswith("Z") for water in answer.json())


def test_to_before_from(client):
    answer = client.get("/stations/brest/tides", params={"from": "2026-03-20", "to": "2026-03-01"})
    assert answer.status_code == 422


def test_not_more_than_400_days(client):
    answer = client.get("/stations/brest/tides", params={"from": "2026-01-01", "to": "2027-12-31"})
    assert answer.status_code == 422
