using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

public sealed class SqliteTallyTests : TallyTests
{
    private TemporaryFile _file = null!;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path);

    [TearDown]
    public void RemoveFile() => _file.Dispose();
}

public sealed class SqliteTallyPropertyTests : TallyPropertyTests
{
    private TemporaryFile _file = null!;

    protected override int Histories => 15;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path, new() { Durability = Durability.ProcessCrashOnly });

    protected override void CloseLog() => _file.Dispose();
}
