using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>Decodes stored events for the handler of one subscription.</summary>
/// <param name="codec">The codec.</param>
/// <param name="admits">The predicate of the subscription's filter; null for none.</param>
/// <param name="loop">The loop that calls the handler.</param>
internal sealed class EventReader(EventCodec codec, Func<EventEnvelope, bool>? admits, Loop loop)
{
    /// <summary>Decodes a stored event. Where upcasting gives several events, returns those that the filter admits; a single event was checked before the call.</summary>
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
