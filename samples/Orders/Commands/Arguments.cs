using System.Globalization;

namespace Orders.Commands;

/// <summary>The arguments of one command: operands, and options as <c>--name value</c> or <c>--name=value</c>.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly List<string> _operands = [];

    /// <summary>Reads arguments.</summary>
    /// <param name="args">The arguments after the command.</param>
    /// <param name="options">The options that take a value.</param>
    /// <param name="switches">The options that take none.</param>
    internal Arguments(IEnumerable<string> args, string[] options, string[] switches)
    {
        using var arg = args.GetEnumerator();
        while (arg.MoveNext())
        {
            if (!arg.Current.StartsWith("--", StringComparison.Ordinal))
            {
                _operands.Add(arg.Current);
                continue;
            }

            var parts = arg.Current.Split('=', 2);
            if (switches.Contains(parts[0]) && parts.Length == 1) Add(parts[0], "");
            else if (!options.Contains(parts[0])) throw new UsageException($"unknown option {arg.Current}");
            else if (parts.Length == 2) Add(parts[0], parts[1]);
            else Add(parts[0], arg.MoveNext() ? arg.Current : throw new UsageException($"{parts[0]} needs a value"));
        }
    }

    /// <summary>True when the switch is given.</summary>
    internal bool Has(string name) => _options.ContainsKey(name);

    /// <summary>The value of an option, or null.</summary>
    internal string? Find(string name) => _options.GetValueOrDefault(name);

    /// <summary>The value of an option that must be given.</summary>
    internal string Get(string name) =>
        Find(name) is { Length: > 0 } value ? value : throw new UsageException($"{name} is missing");

    /// <summary>The value of an option as a number of 1 or more, or null.</summary>
    internal long? FindNumber(string name) =>
        Find(name) is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new UsageException($"{name} takes a number of 1 or more, not '{text}'");

    /// <summary>The value of an option as a time, in UTC when it has no offset, or null.</summary>
    internal DateTimeOffset? FindTime(string name) =>
        Find(name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : throw new UsageException($"{name} takes a time such as 2010-12-01T08:26:00Z, not '{text}'");

    /// <summary>The one operand.</summary>
    internal string Operand(string name) => _operands switch
    {
        [{ Length: > 0 } one] => one,
        [] or [""] => throw new UsageException($"{name} is missing"),
        _ => throw new UsageException($"'{_operands[1]}' is one argument too many"),
    };

    /// <summary>The one operand, or null.</summary>
    internal string? FindOperand() => _operands.Count == 0 ? null : Operand("the operand");

    /// <summary>Refuses operands.</summary>
    internal void NoOperand()
    {
        if (_operands is [var one, ..]) throw new UsageException($"'{one}' is one argument too many");
    }

    private void Add(string name, string value)
    {
        if (!_options.TryAdd(name, value)) throw new UsageException($"{name} is given twice");
    }
}
