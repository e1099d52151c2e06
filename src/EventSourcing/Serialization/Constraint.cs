namespace EventSourcing.Serialization;

/// <summary>What an event of a type must fulfil to be appended.</summary>
/// <param name="Rule">The rule, as an error reports it.</param>
/// <param name="Holds">True for an event that fulfils the rule.</param>
internal sealed record Constraint(string Rule, Func<object, bool> Holds);
