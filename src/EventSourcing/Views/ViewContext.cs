using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Subscriptions;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views;

/// <summary>What all sets of one <see cref="EventViews"/> share.</summary>
internal sealed record ViewContext(IEventStore Store, SubscriptionHost Host, ViewDirectory Directory, EventViewsOptions Options)
{
    /// <summary>Called when a build begins or ends; never throws.</summary>
    internal required Action<ViewBuildChange> BuildChanged { get; init; }

    internal EventCodec Codec => Store.Types.Codec;

    internal LeaseKeeper Leases => Host.Leases;

    internal TimeProvider Time => Host.Options.TimeProvider;
}
