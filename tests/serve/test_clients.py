"""The official clients: OpenAI's and that of the Model Context Protocol."""

import anyio
import pytest

from evaluate.generation.completions import GenerationError, Remote
from evaluate.generation.server import connect

openai = pytest.importorskip("openai", reason="needs .venv: ./launch.sh setup")
mcp = pytest.importorskip("mcp", reason="needs .venv: ./launch.sh setup")


@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0)


def user(text: object) -> dict:
    return {"role": "user", "content": text}


def test_a_model_is_a_database(client):
    assert "shop" in [model.id for model in client.models.list()]


def test_it_is_no_server_of_a_model_for_ask_and_the_evaluator(server):
    with pytest.raises(GenerationError) as raised:
        connect(server.address, Remote((server.address,), ("qwen",), "shop"))
    assert str(raised.value) == (
        f"{server.address}: this is ./launch.sh serve, which answers questions itself (POST {server.address}/ask) and "
        "serves no model. Give the address of `vllm serve` or llama-server"
    )


def test_the_last_user_message_is_the_question(client):
    messages = [{"role": "system", "content": "You are a pirate."}, user("«SELECT name FROM item WHERE id = 1»")]
    reply = client.chat.completions.create(model="shop", messages=messages, temperature=0.7, max_tokens=9)
    assert reply.choices[0].message.content == "SELECT name FROM item WHERE id = 1"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model_extra["answer"]["rows"] == [["red cup"]]


def test_earlier_turns_are_the_history(client):
    asked = [user("first"), {"role": "assistant", "content": "SELECT 1"}, user([{"type": "text", "text": "second"}])]
    alone = client.chat.completions.create(model="shop", messages=[user("second")])
    after = client.chat.completions.create(model="shop", messages=asked)
    assert alone.choices[0].message.content != after.choices[0].message.content


def test_a_stream_joins_to_the_sql(client):
    messages = [user("slowly «SELECT 12345»")]
    chunks = list(client.chat.completions.create(model="shop", messages=messages, stream=True))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) > 5
    assert "".join(pieces) == "SELECT 12345"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].model_extra["answer"]["rows"] == [[12345]]


def test_a_streamed_repair_follows_a_mark_and_is_what_the_next_turn_knows(client):
    messages = [user("«SELECT name, copies FROM item WHERE copies > 5»")]
    chunks = list(client.chat.completions.create(model="shop", messages=messages, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    draft, sql = text.split("\n\n-- repaired\n")
    assert draft == "SELECT name, copies FROM item WHERE copies > 5"
    assert chunks[-1].model_extra["answer"]["sql"] == sql
    assert chunks[-1].model_extra["answer"]["rows"] == [["red cup", 10]]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": "gpt-4"}, openai.NotFoundError, "no database 'gpt-4'; served are: shop"),
        ({"messages": [{"role": "system", "content": "x"}]}, openai.BadRequestError, "messages: the last one must be"),
        ({"n": 2}, openai.BadRequestError, "n: Input should be less than or equal to 1"),
        ({"messages": [user("x" * 4001)]}, openai.BadRequestError, "messages: the question is longer than 4,000"),
        ({"messages": [user("failing")]}, openai.InternalServerError, "the engine is broken"),
    ],
)
def test_mistakes_are_errors_of_the_client(client, changes, error, message):
    with pytest.raises(error) as raised:
        client.chat.completions.create(**({"model": "shop", "messages": [user("«SELECT 1»")]} | changes))
    assert raised.value.body["message"].startswith(message)


def call(address: str, tool: str, arguments: dict) -> mcp.types.CallToolResult:
    async def run():
        async with mcp.Client(f"{address}/mcp") as agent:
            return await agent.call_tool(tool, arguments)

    return anyio.run(run)


def test_an_agent_finds_three_tools_that_only_read(server):
    async def run():
        async with mcp.Client(f"{server.address}/mcp") as agent:
            return (await agent.list_tools()).tools

    tools = anyio.run(run)
    assert [tool.name for tool in tools] == ["ask", "query", "schema"]
    assert all(tool.annotations.read_only_hint for tool in tools)


def test_an_agent_asks_queries_and_reads_the_schema(server):
    asked = call(server.address, "ask", {"question": "«SELECT count(*) FROM item»", "database": "shop"})
    assert (asked.structured_content["rows"], asked.is_error) == ([[4]], False)
    queried = call(server.address, "query", {"sql": "SELECT name FROM item WHERE id = 3"})
    assert queried.structured_content["rows"] == [["plate"]]
    schema = call(server.address, "schema", {}).structured_content
    assert [table["name"] for table in schema["tables"]] == ["item", "sale"]
    assert "shop" in schema["databases"]


def test_an_agent_is_told_what_is_refused(server):
    refused = call(server.address, "query", {"sql": "DELETE FROM item"})
    assert refused.structured_content["error"] == "not authorized: DELETE item"
    unknown = call(server.address, "query", {"sql": "SELECT 1", "database": "../x"})
    assert unknown.is_error
    assert "no database '../x'" in unknown.content[0].text
    assert call(server.address, "ask", {"question": ""}).is_error
