namespace EventSourcing.Testing.Contract;

/// <summary>The contract of every log, as cases for any test runner.</summary>
/// <example>
/// <code>foreach (var c in LogContract.Cases) await c.RunAsync(new MyFixture());</code>
/// During the development of a log: <code>foreach (var c in LogContract.Core.Where(c => c.Area &lt;= ContractArea.Read)) …</code>
/// </example>
public static class LogContract
{
    /// <summary>All cases, in no particular order. Names are unique.</summary>
    public static IReadOnlyList<ContractCase> Cases { get; } =
    [
        .. In(ContractArea.Append, AppendCases.All, AnswerCases.OfLog),
        .. In(ContractArea.Versions, VersionCases.All),
        .. In(ContractArea.Read, ReadCases.All),
        .. In(ContractArea.Idempotency, IdempotencyCases.All, RetryCases.All, MessageCases.All),
        .. In(ContractArea.Conditions, ConditionCases.All, TokenCases.All),
        .. In(ContractArea.Records, RecordCases.All, WriteCases.All, WorkCases.All),
        .. In(ContractArea.Life, LifeCases.All),
        .. In(ContractArea.Subscriptions, SubscriptionCases.All, CheckpointCases.All, FailureCases.All, ParkingCases.All, FencedWriteCases.All, RecordedCases.All, LeaseCases.All, LoopControlCases.All, LoopFaultCases.All, LoopWaitCases.All, LoopResetCases.All, LoopDisposalCases.All, HeadCases.All, TokenCases.OfSubscriptions, OutsideCases.All),
    ];

    /// <summary>The cases about the log itself, without those about the subscriptions that the library builds on it (<see cref="ContractArea.Subscriptions"/>).</summary>
    public static IReadOnlyList<ContractCase> Core { get; } = [.. Cases.Where(c => c.Area != ContractArea.Subscriptions)];

    private static IEnumerable<ContractCase> In(ContractArea area, params IEnumerable<ContractCase>[] cases) => ContractCase.In(area, cases.SelectMany(c => c));
}
