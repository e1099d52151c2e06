using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Deciding;

/// <summary>What loading and deciding ask of the log. On a server each call is a round trip.</summary>
public class DecisionCostTests
{
    private CountedLog _log = null!;
    private EventStore _store = null!;

    [SetUp]
    public async Task FillAsync()
    {
        _store = new(_log = new(new InMemoryEventLog()), School.Types);
        await _store.AppendAsync(new Append()
            .To("course-a", ExpectedVersion.NoStream, [new CourseDefined("a", 10)])
            .To("student-s", ExpectedVersion.NoStream, [new StudentSubscribed("a", "t"), new Noted("unrelated")]));
    }

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private async Task CostsAsync(Func<Task> call, string cost)
    {
        _log.Reset();
        await call();
        _log.Calls.Should().Be(cost);
    }

    [Test]
    public Task Execute_over_a_stream_is_one_read_and_one_append() => CostsAsync(
        async () => (await _store.ExecuteAsync<EventCount>("student-s", seen => [new Noted($"{seen.Count}")])).State.Count.Should().Be(3), "1 read, 1 append");

    [Test]
    public Task Execute_by_a_decider_is_one_read_and_one_append() => CostsAsync(
        async () => await _store.ExecuteAsync("student-s", new Decider<string, int>(() => 0, (text, _) => [new Noted(text)], (n, _) => n + 1), "x"), "1 read, 1 append");

    [Test]
    public Task Execute_over_a_query_is_one_read_and_one_append() => CostsAsync(
        async () => (await _store.ChangeCapacityAsync("a", 3)).State.Should().Be(new Course(true, 3, 1)), "1 read, 1 append");

    [Test]
    public Task Execute_over_a_model_of_several_states_is_one_read_and_one_append() => CostsAsync(
        async () => (await _store.SubscribeAsync("a", "s")).State.Should().Be((new Course(true, 10, 2), new EventCount(1), new EventCount(1))), "1 read, 1 append");

    [Test]
    public Task A_command_id_costs_one_read_of_a_record_more() => CostsAsync(
        async () => (await _store.SubscribeAsync("a", "s", options: new() { CommandId = "c" })).EventsRead.Should().Be(2), "1 read, 1 append, 1 record");

    [Test]
    public Task A_command_id_on_a_stream_costs_one_read_of_a_record_more() => CostsAsync(
        async () => await _store.ExecuteAsync<EventCount>("student-s", _ => [new Noted("x")], new() { CommandId = "c" }), "1 read, 1 append, 1 record");

    [Test]
    public async Task Repeated_command_is_one_record_and_one_read()
    {
        await _store.SubscribeAsync("a", "s", options: new() { CommandId = "c" });
        await CostsAsync(async () => (await _store.SubscribeAsync("a", "s", options: new() { CommandId = "c" })).WasDuplicate.Should().BeTrue(), "1 read, 1 record");
    }

    [Test]
    public Task Decision_to_do_nothing_is_one_read() => CostsAsync(
        async () => await _store.ExecuteAsync(School.CourseOf("a"), _ => []), "1 read");

    [Test]
    public Task Load_is_one_read() => CostsAsync(async () => await _store.LoadAsync<EventCount>("student-s"), "1 read");

    [Test]
    public Task Fold_of_nothing_is_one_read() => CostsAsync(async () => await _store.FoldStreamAsync("student-s", () => 0, (n, _) => n + 1, 1, 1), "1 read");

    [Test]
    public Task Read_of_the_log_is_one_read_also_with_its_head() => CostsAsync(async () =>
    {
        var events = _store.ReadAllAsync(EventQuery.Of<Noted>(), new() { AfterPosition = GlobalPosition.FromInt64(1), ThroughPosition = GlobalPosition.FromInt64(9) });
        (await events.CountAsync()).Should().Be(1);
        (await events.GetHeadAsync()).ToInt64().Should().Be(3);
    }, "1 read");

    [Test]
    public async Task Repository_loads_by_one_read_saves_by_one_append_and_updates_by_both()
    {
        var carts = new EventStore(_log, Shop.Types).GetRepository<Cart>();
        var cart = new Cart();
        cart.Add("a", 1);
        await CostsAsync(async () => await carts.SaveAsync("cart-1", cart), "1 append");
        await CostsAsync(async () => await carts.LoadAsync("cart-1"), "1 read");
        await CostsAsync(async () => await carts.UpdateAsync("cart-1", c => c.Add("a", 1)), "1 read, 1 append");
        await CostsAsync(async () => await carts.UpdateAsync("cart-1", c => c.Add("a", 1), new() { CommandId = "c" }), "1 read, 1 append, 1 record");
    }

    [Test]
    public async Task Command_is_one_read_for_each_load_and_one_append()
    {
        var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (note, context, token) =>
        {
            var seen = await context.LoadAsync<EventCount>("student-s", token);
            return note.Text == "nothing" ? [] : [EventData.For("student-s", new Noted($"{seen.Count}"))];
        }));
        await CostsAsync(async () => await bus.SendAsync(new Note("student-s", "x")), "1 read, 1 append");
        await CostsAsync(async () => (await bus.SendAsync(new Note("student-s", "nothing"))).LastPosition.ToInt64().Should().Be(4), "1 read");
    }

    [Test]
    public async Task Store_of_the_callers_that_appends_in_another_way_gives_the_same_state()
    {
        var other = new Rewriting(_store);
        var executed = await other.SubscribeAsync("a", "s");
        executed.State.Should().Be((new Course(true, 10, 2), new EventCount(1), new EventCount(1)));
        executed.EventsRead.Should().Be(3, "the stored events were read back");
    }

    /// <summary>A store around another one that appends something else than it is given.</summary>
    private sealed class Rewriting(IEventStore inner) : IEventStore
    {
        public IEventLog Log => inner.Log;

        public EventTypeMap Types => inner.Types;

        public ValueTask<AppendResult> AppendAsync(Append append, CancellationToken cancellationToken = default)
        {
            var other = new Append();
            foreach (var write in append.Writes.ToArray()) other.To(write.Stream, write.Expected, write.Events);
            return inner.AppendAsync(other.FailIf(append.FailIfQuery!, append.FailIfAfter), cancellationToken);
        }

        public EventSequence ReadStreamAsync(StreamId stream, ReadStreamOptions? options = null, CancellationToken cancellationToken = default) => inner.ReadStreamAsync(stream, options, cancellationToken);

        public EventSequence ReadAllAsync(EventQuery? query = null, ReadAllOptions? options = null, CancellationToken cancellationToken = default) => inner.ReadAllAsync(query, options, cancellationToken);

        public ValueTask<LoadResult<TState>> FoldStreamAsync<TState>(StreamId stream, Func<TState> create, Func<TState, object, TState> apply, long afterVersion, long? throughVersion, CancellationToken cancellationToken) =>
            inner.FoldStreamAsync(stream, create, apply, afterVersion, throughVersion, cancellationToken);

        public ValueTask<LoadResult<TState>> FoldAsync<TState>(EventQuery query, Func<TState> create, Func<TState, object, TState> apply, CancellationToken cancellationToken) =>
            inner.FoldAsync(query, create, apply, cancellationToken);

        public ValueTask<StreamInfo> GetStreamInfoAsync(StreamId stream, CancellationToken cancellationToken) => inner.GetStreamInfoAsync(stream, cancellationToken);

        public ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken) => inner.GetHeadAsync(cancellationToken);

        public ValueTask<CommandResult?> FindCommandAsync(string commandId, CancellationToken cancellationToken) => inner.FindCommandAsync(commandId, cancellationToken);

        public ValueTask WaitForEventsAsync(GlobalPosition after, CancellationToken cancellationToken) => inner.WaitForEventsAsync(after, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class CountedLog(IEventLog log) : DelegatingLog(log)
    {
        private int _reads, _appends, _records, _writes;

        internal string Calls => string.Join(", ", new[] { Say(_reads, "read"), Say(_appends, "append"), Say(_records, "record"), Say(_writes, "write") }.Where(s => s.Length > 0));

        internal void Reset() => _reads = _appends = _records = _writes = 0;

        public override ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
        {
            _appends++;
            return base.AppendAsync(append, cancellationToken);
        }

        public override ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
        {
            _reads++;
            return base.ReadAsync(read, cancellationToken);
        }

        public override ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
        {
            _records++;
            return base.ReadRecordsAsync(kind, from, through, max, cancellationToken);
        }

        public override ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
        {
            _writes++;
            return base.WriteAsync(write, cancellationToken);
        }

        private static string Say(int count, string what) => count == 0 ? "" : $"{count} {what}";
    }
}
