namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>How far a subscription is behind, as far as this process knows.</summary>
/// <param name="Subscription">Its name.</param>
/// <param name="Events">How many events are after its position.</param>
/// <param name="Time">The age of the next event.</param>
internal readonly record struct SubscriptionLag(string Subscription, long Events, TimeSpan Time);
