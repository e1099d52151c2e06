namespace EventSourcing;

/// <summary>A view set does not fit what the log has recorded of it: its declaration has changed without a new version, or its version is lower than one that exists. Nothing was changed.</summary>
public sealed class ViewDeclarationException : EventSourcingException
{
    /// <summary>Reports a declaration that has changed.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="version">The set's version.</param>
    /// <param name="difference">What has changed.</param>
    public ViewDeclarationException(string set, int version, string difference)
        : base($"The declaration of view set '{set}' has changed, and its version is still {version}: {difference}. Increase the version: the new one is built beside the old.") => (Set, Version) = (set, version);

    /// <summary>Reports a version that never existed and is lower than one that does.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="version">The version that was declared.</param>
    /// <param name="newest">The highest version that exists.</param>
    public ViewDeclarationException(string set, int version, int newest)
        : base($"View set '{set}' is declared in version {version}, which does not exist, and version {newest} does. Declare version {newest + 1} or higher. If the number is right, remove the newer version first (EventViews.RemoveAsync).") => (Set, Version) = (set, version);

    /// <summary>The set's name.</summary>
    public string Set { get; }

    /// <summary>The version that was declared.</summary>
    public int Version { get; }
}
