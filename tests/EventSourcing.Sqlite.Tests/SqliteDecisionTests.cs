using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

public sealed class SqliteDecisionTests : DecisionTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open($"{_files.Path}{_opened++}");

    [TestCaseSource(typeof(OracleChecks), nameof(OracleChecks.Cases))]
    public Task Oracle(ContractCase oracle) =>
        OracleChecks.RunAsync(oracle, clock => SqliteEventLog.Open($"{_files.Path}{_opened++}", new() { TimeProvider = clock ?? TimeProvider.System }));
}

public sealed class SqliteCommandTests : CommandTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open($"{_files.Path}{_opened++}");
}

public sealed class SqliteRetryTests : RetryTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open($"{_files.Path}{_opened++}");
}

public sealed class SqliteErasedRetryTests : ErasedRetryTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open($"{_files.Path}{_opened++}");

    protected override async ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion) =>
        await ((SqliteEventLog)log).EraseAsync(stream, throughVersion, "test");
}

public sealed class SqliteBlockedAppendTests : BlockedAppendTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open($"{_files.Path}{_opened++}", new() { Durability = Durability.ProcessCrashOnly });

    [Test]
    public async Task An_append_waited_for_inside_a_transaction_of_its_log_is_refused_and_stored()
    {
        await using var log = SqliteEventLog.Open($"{_files.Path}{_opened++}");
        await using var store = new EventStore(log, School.Types);
        using var queued = new ManualResetEventSlim();
        var pending = default(ValueTask<AppendResult>);
        var work = log.InSqliteTransactionAsync(_ =>
        {
            queued.Wait();
            var wait = () => pending.GetAwaiter().GetResult();
            wait.Should().Throw<InvalidOperationException>().WithMessage("*inside a transaction*");
            return 0;
        }, default).AsTask();
        pending = store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("x")]);
        queued.Set();
        await work;
        (await pending).Version.Should().Be(1);
    }

    [Test]
    public async Task A_context_that_takes_no_more_work_does_not_end_the_writer()
    {
        await using var store = SqliteEventStore.Open($"{_files.Path}{_opened++}", School.Types);
        for (var round = 1; round <= 20; round++)
        {
            var before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(new Ended());
            var appends = Enumerable.Range(0, 4).Select(i => AppendAsync(store, $"a-{i}")).ToArray();
            SynchronizationContext.SetSynchronizationContext(before);
            foreach (var append in appends) (await append).Should().Be(round);
        }
    }

    private static async Task<long> AppendAsync(IEventStore store, StreamId stream) =>
        (await store.AppendAsync(stream, ExpectedVersion.Any, [new Noted("x")]).ConfigureAwait(true)).Version;

    private sealed class Ended : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => throw new InvalidOperationException("The loop has ended.");
    }
}
