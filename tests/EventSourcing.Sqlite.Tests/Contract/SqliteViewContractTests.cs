using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Contract;

[Parallelizable(ParallelScope.All)]
public class SqliteViewContractTests
{
    public static IEnumerable<TestCaseData> Cases => ViewStorageContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    [TestCaseSource(nameof(Cases))]
    public async Task Storage(ViewStorageCase contractCase)
    {
        await using var fixture = new Fixture(log => log.Find<IViewStorage>());
        await contractCase.RunAsync(fixture);
    }

    [TestCaseSource(nameof(Cases))]
    public async Task Storage_in_the_log(ViewStorageCase contractCase)
    {
        await using var fixture = new Fixture(log => log.Find<IInlineViews>()?.Storage) { IsInLog = true };
        await contractCase.RunAsync(fixture);
    }

    /// <summary>Every storage belongs to a log of its own on the same file.</summary>
    private sealed class Fixture(Func<IEventLog, IViewStorage?> find) : IViewStorageFixture
    {
        private readonly TemporaryFile _file = new();
        private readonly List<SqliteEventLog> _logs = [];

        public bool IsInLog { get; init; }

        public IViewStorage Open()
        {
            var log = SqliteEventLog.Open(_file.Path);
            _logs.Add(log);
            if (find(log) is { } storage) return storage;
            Assert.Ignore("The log keeps no views.");
            throw new InvalidOperationException();
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var log in _logs) await log.DisposeAsync();
            _file.Dispose();
        }
    }
}
