namespace EventSourcing.Hosting.Internal;

/// <summary>How a subscription in standby is described.</summary>
internal static class LeaseText
{
    internal static string Standby(SubscriptionStatus status, TimeSpan leaseTimeout) =>
        status.LeaseOwner is not { } owner ? "standby: no process is active yet"
        : IsSilent(status, leaseTimeout) ? $"standby: no process is active; process {owner} holds the lease and has shown no sign of life for {status.LeaseSilence!.Value.TotalSeconds:0.0} s"
        : $"standby: process {owner} holds the lease";

    // A holder renews three times in a timeout: of two renewals, one at least is seen.
    internal static bool IsSilent(SubscriptionStatus status, TimeSpan leaseTimeout) => status.LeaseSilence > leaseTimeout * 2 / 3;
}
