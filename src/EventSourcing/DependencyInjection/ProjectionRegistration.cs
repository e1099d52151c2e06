namespace EventSourcing.DependencyInjection;

/// <summary>The mode in which a projection was added to a container.</summary>
/// <param name="Projection">The projection's class.</param>
/// <param name="Mode">The mode of its set.</param>
internal sealed record ProjectionRegistration(Type Projection, ViewMode Mode);
