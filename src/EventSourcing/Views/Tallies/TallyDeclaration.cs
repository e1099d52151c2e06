namespace EventSourcing.Views.Tallies;

/// <summary>Makes the shape of a tally from its rules, and refuses rules that do not fit together.</summary>
internal static class TallyDeclaration
{
    /// <exception cref="InvalidOperationException">A rule lacks something, or two rules contradict each other.</exception>
    internal static TallyShape ShapeOf(string tally, IReadOnlyList<ITallyRule> rules)
    {
        if (rules.Count == 0) throw new InvalidOperationException($"Tally '{tally}' counts nothing. Add at least one rule in its constructor: For<…>().By(…).Count(…).");
        var dimensions = rules[0].Dimensions;
        var figures = new List<Figure>();
        foreach (var rule in rules)
        {
            if (rule.Dimensions.Count == 0) throw new InvalidOperationException($"Tally '{tally}' does not say by what {rule.EventType} counts. Add By(…) to its rule.");
            if (!rule.Dimensions.Order(StringComparer.Ordinal).SequenceEqual(dimensions.Order(StringComparer.Ordinal)))
                throw new InvalidOperationException($"Tally '{tally}' counts {rules[0].EventType} by {string.Join(", ", dimensions)} and {rule.EventType} by {string.Join(", ", rule.Dimensions)}. All rules of a tally have the same dimensions; make two tallies.");
            if (!rule.Figures.Any()) throw new InvalidOperationException($"Tally '{tally}' does not say for what {rule.EventType} counts. Add a figure to its rule: Count(…), Add(…), Subtract(…), Min(…) or Max(…).");
            foreach (var figure in rule.Figures) Add(tally, figures, figure);
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in dimensions.Concat(figures.Select(figure => figure.Name)))
            if (!names.Add(name)) throw new InvalidOperationException($"Tally '{tally}' has the name '{name}' twice among its dimensions and figures. Upper and lower case do not count.");
        return new(tally, dimensions, figures);
    }

    private static void Add(string tally, List<Figure> figures, Figure figure)
    {
        foreach (var other in figures)
        {
            if (other.Name != figure.Name) continue;
            if (other == figure) return;
            throw new InvalidOperationException($"Figure '{figure.Name}' of tally '{tally}' is a {other} and a {figure}. Give them two names, or values of one type.");
        }

        figures.Add(figure);
    }
}
