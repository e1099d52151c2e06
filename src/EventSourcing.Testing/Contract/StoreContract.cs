namespace EventSourcing.Testing.Contract;

/// <summary>The contract of the typed store on a log, as cases for any test runner. It covers what <see cref="LogContract"/> does not.</summary>
/// <example><c>foreach (var c in StoreContract.Cases) await c.RunAsync(new MyFixture());</c></example>
public static class StoreContract
{
    /// <summary>All cases, in no particular order. Names are unique.</summary>
    public static IReadOnlyList<ContractCase> Cases { get; } = [.. ContractCase.In(ContractArea.Store, All)];

    private static IEnumerable<ContractCase> All =>
    [
        .. StoreAppendCases.All,
        .. AnswerCases.OfStore,
        .. StoreMetadataCases.All,
        .. StoreReadCases.All,
        .. StoreMomentCases.All,
        .. StoreCatalogCases.All,
        .. StoreSerializationCases.All,
        .. StoreFoldCases.All,
        .. ExecuteCases.All,
        .. AggregateCases.All,
        .. HandlingCases.All,
        .. ReactionCases.All,
    ];
}
