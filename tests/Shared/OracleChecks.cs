using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>The oracles of the contract, run once more to say how much they were put to the test.</summary>
internal static class OracleChecks
{
    private static readonly string[] s_names =
    [
        "Check_then_create_at_once_makes_no_duplicate",
        "Check_then_create_with_more_tags_than_the_condition_makes_no_duplicate",
        "No_match_lies_between_what_was_seen_and_what_was_stored",
        "Scopes_with_tags_of_their_own_never_fail",
        "Course_is_never_overbooked",
    ];

    internal static IEnumerable<TestCaseData> Cases =>
        s_names.Select(name => new TestCaseData(LogContract.Cases.Single(c => c.Name == name)).SetName(name + "_counted"));

    internal static async Task RunAsync(ContractCase oracle, Func<TimeProvider?, IEventLog> open)
    {
        await using var fixture = new Fixture(open);
        await oracle.RunAsync(fixture);
        var (appends, conflicts) = fixture.Log!.Counts;
        TestContext.Out.WriteLine($"{oracle.Name}: {appends} attempts, {conflicts} conflicts, 0 violations");
    }

    private sealed class Fixture(Func<TimeProvider?, IEventLog> open) : ILogFixture
    {
        public LogCapabilities Capabilities => LogCapabilities.None;

        internal CountingLog? Log { get; private set; }

        public ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) => new(Log = new(open(timeProvider)));

        public ValueTask DisposeAsync() => default;
    }
}
