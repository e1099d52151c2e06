namespace EventSourcing.Testing.Internal;

/// <summary>Folds the events of a stage, and refuses a fold that does not give the same state each time.</summary>
internal static class FoldCheck
{
    /// <summary>The state of the stage's subject, after it was folded twice.</summary>
    /// <exception cref="SpecificationException">The first state is shared between folds, or the second fold gives another state.</exception>
    internal static TState Fold<TState>(Stage stage, Func<TState> create, Func<TState, object, TState> evolve)
    {
        var seed = StateImage.Of(create());
        var first = StateImage.Of(stage.Fold(create, evolve));
        if (StateImage.FindDifference(seed, StateImage.Of(create())) is { } shared)
            throw Differs(
                $"Create() of {typeof(TState)} gives another state after a fold than before it, at {shared.Path}: an object that it returned before was changed. Return a new object from each call",
                shared);
        var second = stage.Fold(create, evolve);
        if (StateImage.FindDifference(first, StateImage.Of(second)) is { } difference)
            throw Differs(
                $"{typeof(TState)} differs when the same events are folded a second time, at {difference.Path}. A fold depends on the events only, changes no event and nothing that is shared between states",
                difference);
        return second;
    }

    /// <summary>Compares the state that an execution returns with the state that is loaded afterwards.</summary>
    /// <exception cref="SpecificationException">They differ.</exception>
    internal static void ThrowIfDecisionChanged<TState>(Stage stage, TState returned, Func<TState> create, Func<TState, object, TState> evolve)
    {
        var found = StateImage.Of(returned);
        if (StateImage.FindDifference(StateImage.Of(Fold(stage, create, evolve)), found) is { } difference)
            throw Differs(
                $"{typeof(TState)} after the decision differs from the state that is loaded afterwards, at {difference.Path}. A decision does not change the state that it is given, and an event holds all that the state takes from it when it is stored",
                difference);
    }

    private static SpecificationException Differs(string what, (string Path, string Expected, string Found) difference) =>
        new($"{what}.", difference.Expected, difference.Found);
}
