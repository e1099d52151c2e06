using System.Globalization;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>Work on the writer's thread sees what its own caller set, and calls of the log from inside it are refused.</summary>
public class FlowTests : OpenLogTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly AsyncLocal<object?> s_local = new();

    private EventStore _store = null!;

    [SetUp]
    public async Task Reopen()
    {
        // A log that exists starts its thread with the first call.
        await ReopenAsync();
        _store = new(Log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered")));
    }

    [TearDown]
    public void Clear() => s_local.Value = null;

    [Test]
    public async Task Transaction_of_a_store_on_a_decorated_log_holds_sql_and_events()
    {
        var store = new EventStore(new ForwardingLog(Log), _store.Types);
        var result = await store.InSqliteTransactionAsync(tx =>
        {
            using var command = tx.Connection.CreateCommand();
            command.CommandText = "CREATE TABLE own (n)";
            command.ExecuteNonQuery();
            return tx.Append(new Append().To("s-1", ExpectedVersion.NoStream, [new Numbered(7)]));
        });
        (result.Version, await store.ReadStreamAsync("s-1").CountAsync()).Should().Be((1L, 1));
        await new EventStore(new InMemoryEventLog(), _store.Types).Awaiting(s => s.InSqliteTransactionAsync(_ => 1).AsTask())
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*InMemoryEventLog*");
    }

    [Test]
    public async Task Work_runs_in_the_flow_of_its_own_caller()
    {
        foreach (var (value, culture) in new[] { ("first", "de-DE"), ("second", "fr-FR"), (null, "") })
        {
            s_local.Value = value;
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
            (await Log.InSqliteTransactionAsync(_ => (s_local.Value, CultureInfo.CurrentCulture.Name))).Should().Be((value, culture));
        }
    }

    [Test]
    public async Task What_the_work_sets_in_its_flow_ends_with_it()
    {
        s_local.Value = "callers";
        await Log.InSqliteTransactionAsync(_ => s_local.Value = "works");
        s_local.Value.Should().Be("callers");
        s_local.Value = null;
        (await Log.InSqliteTransactionAsync(_ => s_local.Value)).Should().BeNull();
    }

    [Test]
    public async Task Work_of_a_caller_that_suppresses_its_flow_runs_in_none()
    {
        s_local.Value = "callers";
        ValueTask<object?> work;
        using (ExecutionContext.SuppressFlow()) work = Log.InSqliteTransactionAsync<object?>(_ => s_local.Value);
        (await work).Should().BeNull();
    }

    [Test]
    public void What_continues_after_the_first_call_keeps_nothing_of_its_callers()
    {
        var value = default(WeakReference);
        var caller = new Thread(() =>
        {
            s_local.Value = new object();
            value = new(s_local.Value);
            AppendAsync("s", Event("a", "{}")).AsTask().GetAwaiter().GetResult();
            using var stop = new CancellationTokenSource();
            // Starts the watch, which goes on for a while.
            var waiting = Log.WaitAsync(GlobalPosition.FromInt64(1), stop.Token).AsTask();
            stop.Cancel();
            waiting.Invoking(w => w.GetAwaiter().GetResult()).Should().Throw<OperationCanceledException>();
        });
        caller.Start();
        caller.Join();
        for (var i = 0; i < 10 && value!.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        value!.IsAlive.Should().BeFalse();
    }

    [Test]
    public async Task What_an_effect_appends_follows_from_its_event()
    {
        await using var bus = new EventBus(_store);
        var handler = SubscriptionHandler.RawEach((e, delivery, _) =>
        {
            delivery.Enlist<SqliteLogTransaction>(tx => tx.Append(_store.Encode(new Append().To($"by-{e.Version}", ExpectedVersion.Any, [new Numbered(1)]))));
            return Task.CompletedTask;
        });
        var last = await _store.AppendAsync(new Append { Metadata = new() { CorrelationId = "op", Actor = "ann" } }.To("s", ExpectedVersion.Any, [new Numbered(1), new Numbered(2)]));
        var subscription = await bus.SubscribeAsync("effects", handler, new() { Filter = EventQuery.All.InStream("s") });
        await subscription.WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        for (var version = 1; version <= 2; version++)
        {
            var cause = await SingleAsync("s", version);
            var effect = await SingleAsync($"by-{version}", 1);
            (effect.CausationId, effect.CorrelationId, effect.Actor).Should().Be((cause.EventId.ToString(), "op", "ann"));
        }
    }

    [Test]
    public async Task Calls_of_the_log_that_go_through_other_threads_are_refused_and_hang_nobody()
    {
        await _store.AppendAsync("s", ExpectedVersion.Any, [new Numbered(1)]);
        Func<Task>[] calls =
        [
            () => _store.AppendAsync("s", ExpectedVersion.Any, [new Numbered(2)]).AsTask(),
            () => _store.InSqliteTransactionAsync(_ => { }).AsTask(),
            () => _store.WaitForEventsAsync(GlobalPosition.FromInt64(1)).AsTask(),
            () => Log.DisposeAsync().AsTask(),
            () => Log.RemoveCaptureAsync("mine").AsTask(),
            async () =>
            {
                await Task.Yield();
                await Log.AddComputedColumnAsync("n");
            },
            async () =>
            {
                await foreach (var e in _store.ReadStreamAsync("s")) await Task.Yield();
                await _store.AppendAsync("s", ExpectedVersion.Any, [new Numbered(2)]);
            },
        ];
        foreach (var call in calls)
        {
            var work = () => Log.InSqliteTransactionAsync(_ => Task.Run(call).Wait(s_patience)).AsTask();
            var refusal = (await work.Should().ThrowAsync<AggregateException>()).Which.InnerException;
            refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("tx.Append");
        }

        (await _store.AppendAsync("s", ExpectedVersion.Exactly(1), [new Numbered(2)])).Version.Should().Be(2);
    }

    [Test]
    public async Task What_a_work_leaves_behind_may_call_the_log_afterwards()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task LaterAsync()
        {
            await go.Task;
            await AppendAsync("s", Event("a", "{}"));
        }

        var left = default(Task);
        await Log.InSqliteTransactionAsync(_ =>
        {
            left = LaterAsync();
            return true;
        });
        go.SetResult();
        await left!.WaitAsync(s_patience);
    }

    [Test]
    public async Task Reads_from_inside_do_not_wait_for_finalizing()
    {
        await _store.AppendAsync("s", ExpectedVersion.Any, [new Numbered(1)]);
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s', 'numbered', '{\"n\":2}')");
        var reading = default(Task<List<RecordedEvent>>);
        await Log.InSqliteTransactionAsync(_ =>
        {
            reading = AllAsync();
            return 0;
        }).AsTask().WaitAsync(s_patience);
        (await reading!.WaitAsync(s_patience)).Count.Should().BeOneOf(1, 2);
        (await AllAsync()).Should().HaveCount(2);
    }

    [Test]
    public async Task Another_logs_transaction_in_between_does_not_hide_the_outer_one()
    {
        using var file = new TemporaryFile();
        await using var other = SqliteEventLog.Open(file.Path);
        var work = () => Log.InSqliteTransactionAsync(_ => other.InSqliteTransactionAsync(_ => Log.InSqliteTransactionAsync(_ => 0).AsTask().Wait(s_patience)).AsTask().Wait(s_patience)).AsTask();
        var refusal = (await work.Should().ThrowAsync<AggregateException>()).Which.Flatten().InnerException;
        refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("tx.Append");
        (await Log.InSqliteTransactionAsync(_ => 1)).Should().Be(1);
    }

    private async Task<EventEnvelope> SingleAsync(string stream, long version)
    {
        await foreach (var e in _store.ReadStreamAsync(stream, new() { AfterVersion = version - 1 })) return e;
        throw new InvalidOperationException($"{stream} has no event {version}.");
    }
}
