using System.Globalization;

namespace EventSourcing.RigAdapter;

/// <summary>One line from the rig: id, command, arguments.</summary>
internal sealed class Request
{
    private readonly string[] _words;

    private Request(string[] words) => _words = words;

    internal string Id => _words[0];

    internal string Command => _words[1];

    internal static Request? Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length < 2 ? null : new(words);
    }

    internal string Text(int argument) => _words[argument + 2];

    internal long Number(int argument) => long.Parse(Text(argument), CultureInfo.InvariantCulture);
}
