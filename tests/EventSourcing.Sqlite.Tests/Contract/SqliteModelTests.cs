using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Contract;

public class SqliteModelTests
{
    private TemporaryFile _files = null!;
    private int _opened;

    [SetUp]
    public void Begin() => _files = new();

    [TearDown]
    public void End() => _files.Dispose();

    [Test]
    public Task Random_appends_have_the_models_outcomes() => ModelChecks.AgreesWithModelAsync(Open, 150);

    [Test]
    public Task Appends_at_once_have_the_outcomes_of_some_order() => ModelChecks.IsLinearizableAsync(Open, 100);

    [Test]
    public Task Random_appends_are_answered_as_in_memory_word_for_word() => ModelChecks.AnswersAlikeAsync(() => new(new InMemoryEventLog()), Open, 150);

    // Every sample has a file of its own. What a power cut would do is not asked here, so nothing is fsynced.
    private ValueTask<IEventLog> Open()
    {
        var path = Path.Combine(_files.Folder, $"{Interlocked.Increment(ref _opened)}.db");
        return new(SqliteEventLog.Open(path, new() { Durability = Durability.ProcessCrashOnly }));
    }
}
