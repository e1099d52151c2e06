namespace EventSourcing.Subscriptions.Running;

/// <summary>What is done with an event that was read.</summary>
internal enum Selection
{
    /// <summary>The event is not for the handler.</summary>
    Skip,

    /// <summary>The handler is called.</summary>
    Handle,

    /// <summary>The event is parked, because an earlier event of its key is.</summary>
    HoldBack,

    /// <summary>The key or the filter threw: each attempt evaluates them again, as part of the handler.</summary>
    HandleChecked,
}
