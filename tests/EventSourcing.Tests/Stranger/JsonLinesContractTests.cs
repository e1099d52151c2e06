using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Stranger;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JsonLinesContractTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public static IEnumerable<TestCaseData> Cases => LogContract.Cases.Concat(StoreContract.Cases)
        .Where(c => Fixture.Offers.HasFlag(c.Requires))
        .Select(c => new TestCaseData(c).SetName($"{c.Name}_in_json_lines").SetCategory(c.Area.ToString()));

    [TestCaseSource(nameof(Cases))]
    public async Task Contract(ContractCase contractCase)
    {
        await using var fixture = new Fixture(_path);
        await contractCase.RunAsync(fixture);
    }

    [Test]
    public Task Random_appends_are_answered_as_in_memory_word_for_word() => ModelChecks.AnswersAlikeAsync(
        () => new(new InMemoryEventLog()), () => { File.Delete(_path); return new(JsonLinesLog.Open(_path)); }, 50);

    [Test]
    public async Task A_last_line_without_its_end_was_never_stored()
    {
        await AppendAsync(1);
        var whole = await File.ReadAllBytesAsync(_path);
        await AppendAsync(2);
        var both = await File.ReadAllBytesAsync(_path);
        foreach (var cut in new[] { whole.Length + 1, both.Length - 1 })
        {
            await File.WriteAllBytesAsync(_path, both[..cut]);
            (await AppendAsync(2)).Should().Be((2, false), "it is stored now");
        }

        (await AppendAsync(1)).Should().Be((1, true));
    }

    [Test]
    public async Task A_damaged_line_is_reported_and_nothing_is_changed()
    {
        await AppendAsync(1);
        await File.AppendAllTextAsync(_path, "{\"Events\":[\n");
        var before = await File.ReadAllTextAsync(_path);
        FluentActions.Invoking(() => JsonLinesLog.Open(_path)).Should().Throw<StoreCorruptException>().Which.Where.Should().Be("line 2");
        (await File.ReadAllTextAsync(_path)).Should().Be(before);
    }

    public void Dispose() => File.Delete(_path);

    private async Task<(long Position, bool WasDuplicate)> AppendAsync(int id)
    {
        await using var log = JsonLinesLog.Open(_path);
        var e = new LogEvent { Type = "T", Id = new Guid(id, 0, 0, new byte[8]) };
        var result = await log.AppendAsync(new() { Writes = new StreamWrite[] { new("s", ExpectedVersion.Any, new[] { e }) } }, default);
        return (result.LastPosition.ToInt64(), result.WasDuplicate);
    }

    private sealed class Fixture(string path) : ILogFixture
    {
        internal const LogCapabilities Offers = LogCapabilities.Durable;

        public LogCapabilities Capabilities => Offers;

        public ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) => new(JsonLinesLog.Open(path, timeProvider));

        public ValueTask DisposeAsync() => default;
    }
}
