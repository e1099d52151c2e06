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
        await using var fixture = new Fixture();
        await contractCase.RunAsync(fixture);
    }

    /// <summary>Every storage belongs to a log of its own on the same file.</summary>
    private sealed class Fixture : IViewStorageFixture
    {
        private readonly TemporaryFile _file = new();
        private readonly List<SqliteEventLog> _logs = [];

        public IViewStorage Open()
        {
            var log = SqliteEventLog.Open(_file.Path);
            _logs.Add(log);
            if (((IEventLog)log).Find<IViewStorage>() is { } storage) return storage;
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
