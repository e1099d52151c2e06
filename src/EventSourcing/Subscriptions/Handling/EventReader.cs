using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>Reads stored events for the handler of one subscription.</summary>
/// <param name="codec">The codec.</param>
/// <param name="admits">The predicates of the subscription's route; null for none.</param>
/// <param name="loop">The loop that calls the handler.</param>
internal sealed class EventReader(EventCodec codec, Func<EventEnvelope, bool>? admits, Loop loop)
{
    /// <summary>The events that a stored one reads as; of several, those that the route admits. One that is alone was admitted before it was handed over.</summary>
    internal Envelopes Read(in RecordedEvent e)
    {
        var envelopes = codec.Read(e);
        return admits is null || envelopes.Count <= 1 ? envelopes : Admitted(envelopes, admits);
    }

    private Envelopes Admitted(Envelopes envelopes, Func<EventEnvelope, bool> predicate)
    {
        var outer = LoopWaits.EnterDelegate(loop);
        try
        {
            return envelopes.Where(predicate);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }
}
