using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>The cases of the contract that look for violations of a condition, run again to show how many conflicts they met.</summary>
internal static class OracleChecks
{
    private static readonly string[] s_names =
    [
        "Concurrent_check_then_create_makes_no_duplicate",
        "Concurrent_check_then_create_with_more_tags_than_the_condition_makes_no_duplicate",
        "No_match_is_between_the_head_of_the_decision_and_the_stored_event",
        "Scopes_with_separate_tags_never_conflict",
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
