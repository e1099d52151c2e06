namespace EventSourcing.Testing.Contract;

/// <summary>The behaviours that every log shows, as cases for any test runner.</summary>
/// <example><c>foreach (var c in LogContract.Cases) await c.RunAsync(new MyFixture());</c></example>
public static class LogContract
{
    /// <summary>All cases, each with a name of its own, in no order that matters.</summary>
    public static IReadOnlyList<ContractCase> Cases { get; } =
    [
        .. AppendCases.All,
        .. AnswerCases.OfLog,
        .. VersionCases.All,
        .. IdempotencyCases.All,
        .. MessageCases.All,
        .. RetryCases.All,
        .. ConditionCases.All,
        .. ReadCases.All,
        .. RecordCases.All,
        .. LifeCases.All,
        .. SubscriptionCases.All,
        .. CheckpointCases.All,
        .. FailureCases.All,
        .. ParkingCases.All,
        .. LeaseCases.All,
        .. LoopCases.All,
    ];
}
