"""What the gauges measured, to hold the predictions against."""

import os

import httpx


def client() -> httpx.Client:
    """A client for the gauge network."""
    return httpx.Client(
        base_url=os.environ["GAUGE_URL"],
        headers={"Authorization": f"Bearer {os.environ['GAUGE_TOKEN']}"},
        timeout=10,
    )


def observed(station_id: str, day: str) -> list[dict[str, float | str]]:
    """Ten-minute means of one day, UTC."""
    with client() as http:
        answer = http.get(f"/stations/{station_id}/observations", params={"day": day})
        answer.raise_for_status()
        return list(answer.json()["observations"])
