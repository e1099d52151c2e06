using EventSourcing.Sqlite.Internal;
using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
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
        await log.TransactAsync(transaction => ((LogTransaction)transaction).Erase(stream, throughVersion, "test"), default);
}
