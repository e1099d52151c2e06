
namespace EventSourcing.LoadTests.Soak;

/// <summary>A group: sixteen segments, several workers, order for each stream.</summary>
internal sealed class GroupFollower(EventBus bus, SoakedLog log) : Follower("group", bus, log)
{
    protected override SubscriptionOptions Options { get; } = new() { IsPartitioned = true, MaxConcurrency = 4 };
}
