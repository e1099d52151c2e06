using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>The contract of the storage of views (<see cref="IViewStorage"/>), as cases for any test runner. A log without this capability is not tested.</summary>
/// <example><c>foreach (var c in ViewStorageContract.Cases) await c.RunAsync(new MyViewStorageFixture());</c></example>
public static class ViewStorageContract
{
    /// <summary>All cases, in no particular order. Names are unique.</summary>
    public static IReadOnlyList<ViewStorageCase> Cases { get; } =
    [
        .. ViewPlaceCases.All,
        .. ViewNameCases.All,
        .. ViewRowCases.All,
        .. ViewSnapshotCases.All,
        .. ViewFencingCases.All,
        .. ViewChangeCases.All,
        .. ViewReadCases.All,
        .. ViewPageCases.All,
        .. ViewRemovalCases.All,
    ];
}
