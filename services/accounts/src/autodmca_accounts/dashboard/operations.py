"""The operation on the dashboard: route, words for the OpenAPI document, translation."""

from __future__ import annotations

from autodmca_service.http.operations import Call, Operation, Reply

from autodmca_accounts.dashboard import api
from autodmca_accounts.dashboard.state import BOARD, Board
from autodmca_accounts.desk import Accounts


def operations(accounts: Accounts) -> tuple[Operation, ...]:
    """All of them, bound to `accounts`."""

    async def read(call: Call) -> Reply:
        board = await accounts.look(call.actor.user_id, BOARD, Board)
        return Reply(200, api.view(board or Board(), accounts.now_ms()))

    return (
        Operation("read_dashboard", "GET", "/v1/dashboard", "Read your figures, by platform and engine too",
                  read, None, 200, api.DashboardView, (), (503,)),
    )  # fmt: skip
