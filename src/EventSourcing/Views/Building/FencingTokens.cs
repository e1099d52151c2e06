namespace EventSourcing.Views.Building;

/// <summary>The fencing tokens that are stored in places of builds.</summary>
/// <remarks>
/// A place is written under two leases, one after the other: first that of builds, then that under which the set runs. Their epochs are counted apart. The process that runs the set comes after the one that built the place, so its tokens are above all tokens of builds.
/// </remarks>
internal static class FencingTokens
{
    private const long FirstOfRunner = 1L << 40;

    /// <summary>The token of the process that runs the set.</summary>
    internal static long OfRunner(long epoch) => FirstOfRunner + epoch;

    /// <summary>True when a set has run on the place: no build continues it.</summary>
    internal static bool IsOfRunner(long token) => token >= FirstOfRunner;

    /// <summary>The epoch of the lease under which a set has run on the place; 0 where none has.</summary>
    internal static long EpochOfRunner(long token) => Math.Max(0, token - FirstOfRunner);
}
