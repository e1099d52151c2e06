using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

public sealed class SqliteReplayTests : ReplayTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog(TimeProvider clock) => SqliteEventLog.Open($"{_files.Path}{_opened++}", new() { TimeProvider = clock, Durability = Durability.ProcessCrashOnly });

    protected override async ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion) => await ((SqliteEventLog)log).EraseAsync(stream, throughVersion, "test");
}

public sealed class SqliteTimeTravelTests : TimeTravelTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog(TimeProvider clock) => SqliteEventLog.Open($"{_files.Path}{_opened++}", new() { TimeProvider = clock, Durability = Durability.ProcessCrashOnly });

    protected override async ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion) => await ((SqliteEventLog)log).EraseAsync(stream, throughVersion, "test");
}

public sealed class SqliteViewDifferenceTests : ViewDifferenceTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open($"{_files.Path}{_opened++}", new() { Durability = Durability.ProcessCrashOnly });
}
