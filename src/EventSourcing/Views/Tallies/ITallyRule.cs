namespace EventSourcing.Views.Tallies;

/// <summary>What the events of one type count for.</summary>
internal interface ITallyRule
{
    /// <summary>The CLR type of the events.</summary>
    Type EventType { get; }

    /// <summary>The names of its dimensions, in order of declaration.</summary>
    IReadOnlyList<string> Dimensions { get; }

    /// <summary>The figures that it changes, in order of declaration.</summary>
    IEnumerable<Figure> Figures { get; }

    /// <summary>Finds the places of its dimensions and figures in a row. Called once, when the declaration is complete.</summary>
    void Bind(TallyShape shape);

    /// <summary>Folds an event.</summary>
    void Fold(EventEnvelope envelope, TallyFold fold);

    /// <summary>What it does, for the declaration's canonical form.</summary>
    string Describe();
}
