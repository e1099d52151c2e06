namespace EventSourcing;

/// <summary>A view cannot be read yet: its first build is not complete, and the caller asked not to wait (<see cref="EventViewsOptions.WhileBuilding"/>).</summary>
public sealed class ViewBuildingException : EventSourcingException
{
    /// <summary>Reports the set.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="version">The set's version.</param>
    public ViewBuildingException(string set, int version)
        : base($"Version {version} of view set '{set}' is not built yet. A process that runs the set builds it (EventViews.StartAsync).") => (Set, Version) = (set, version);

    /// <summary>The set's name.</summary>
    public string Set { get; }

    /// <summary>The set's version.</summary>
    public int Version { get; }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
