"""The tools for agents, by the Model Context Protocol: `ask`, `query` (read-only) and `schema`, at `/mcp`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.applications import Starlette

from serve.bodies import MAX_BYTES, Question, Sql
from serve.refusals import Refusal
from serve.service import Service

READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
INSTRUCTIONS = (
    "SQLite databases, read-only. `ask` has a small model write SQL for a question in plain English and runs it; "
    "`query` runs SQL of yours; `schema` lists tables, columns and sample rows. Databases: {names}."
)

Database = Annotated[str | None, Field(description="Name of the database; the first one where it is left out")]


def application(service: Service) -> Starlette:
    """The streamable HTTP transport at `/mcp`. Host, origin and token were checked before (`guard.py`)."""
    names = ", ".join(served.name for served in service.databases.all()[:20])
    server = MCPServer("text2sql", instructions=INSTRUCTIONS.format(names=names), log_level="ERROR")

    @server.tool(title="Ask a question", annotations=READ_ONLY)
    async def ask(question: Question, database: Database = None) -> dict[str, Any]:
        """Answer a question about a database: the SQL that a model wrote for it, with its columns, rows and error."""
        with _refusals():
            return (await service.answer(question, database)).to_json()

    @server.tool(title="Run a query", annotations=READ_ONLY)
    async def query(sql: Sql, database: Database = None) -> dict[str, Any]:
        """Run one SELECT statement of SQLite's dialect. Nothing can be written; there is a deadline and a row limit."""
        with _refusals():
            return await service.query(sql, database)

    @server.tool(title="Show the schema", annotations=READ_ONLY)
    async def schema(database: Database = None) -> dict[str, Any]:
        """Tables with columns, keys and sample rows, and the names of all databases."""
        with _refusals():
            found = await service.schema(database)
        return {**found, "databases": [served.name for served in service.databases.all()]}

    return server.streamable_http_app(
        stateless_http=True,
        json_response=True,
        max_request_body_size=MAX_BYTES,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """What is refused becomes an error that the agent is shown."""
    try:
        yield
    except Refusal as refusal:
        raise ToolError(str(refusal)) from None
