namespace EventSourcing;

/// <summary>What a read of a view does while no build of its version is complete.</summary>
public enum WhileBuilding
{
    /// <summary>Waits for the build.</summary>
    Wait = 0,

    /// <summary>Throws <see cref="ViewBuildingException"/>.</summary>
    Fail = 1,
}
