using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Decides which events of a page the partition handles. Used by the runner's loop only, except for <see cref="MayBeForHandler"/>.</summary>
internal sealed class EventSelector(SubscriptionSetup setup, PartitionId key, ParkedKeys parkedKeys, Loop loop)
{
    /// <summary>Decides for one event.</summary>
    /// <param name="e">The event.</param>
    /// <param name="eventKey">The event's key; null where it was not needed.</param>
    internal Selection Select(in RecordedEvent e, out string? eventKey)
    {
        eventKey = null;
        if (!setup.Handler.Selects(e.Type)) return Selection.Skip;
        var outer = LoopWaits.EnterDelegate(loop);
        try
        {
            if (key.IsPartitioned || parkedKeys.Keys.Count > 0)
            {
                eventKey = setup.Options.KeyOrStream(e, out var isKnown);
                if (!key.Holds(eventKey)) return Selection.Skip;
                if (!isKnown) return Selection.HandleChecked;
            }

            if (setup.Filter.GoesBeyondQuery && !setup.Filter.Admits(e)) return Selection.Skip;
        }
        catch (Exception)
        {
            return Selection.HandleChecked;
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }

        return eventKey is not null && parkedKeys.Contains(eventKey) ? Selection.HoldBack : Selection.Handle;
    }

    /// <summary>The event's key, or its stream's name where the key cannot be computed.</summary>
    internal string KeyOrStream(in RecordedEvent e)
    {
        var outer = LoopWaits.EnterDelegate(loop);
        try
        {
            return setup.Options.KeyOrStream(e, out _);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    /// <summary>False when an event is certainly not for this partition's handler. Any thread may call it.</summary>
    internal bool MayBeForHandler(RecordedEvent e)
    {
        try
        {
            return setup.Handler.Selects(e.Type) && (!key.IsPartitioned || key.Holds(setup.Options.KeyOrStream(e, out _))) && setup.Filter.Admits(e);
        }
        catch (Exception)
        {
            // The runner that delivers the event handles the failure.
            return true;
        }
    }
}
