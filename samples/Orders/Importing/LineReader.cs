using System.Text;

namespace Orders.Importing;

/// <summary>Reads lines, each with its number and terminator, and takes lines back. Remembers no more than a bound of a line.</summary>
internal sealed class LineReader(TextReader reader, int maxLength)
{
    private readonly char[] _buffer = new char[32 * 1024];
    private readonly Stack<Line> _takenBack = [];
    private readonly StringBuilder _line = new();
    private int _start;
    private int _end;
    private int _number;

    /// <summary>One line.</summary>
    /// <param name="Number">Its number; the first is 1.</param>
    /// <param name="Text">The line without its terminator, cut at the bound.</param>
    /// <param name="Terminator">CR LF, LF, or nothing at the end of the file.</param>
    /// <param name="IsCut">True when the line is longer than the bound.</param>
    internal readonly record struct Line(int Number, string Text, string Terminator, bool IsCut);

    /// <summary>The next line; false at the end.</summary>
    internal bool TryRead(out Line line)
    {
        if (_takenBack.TryPop(out line)) return true;
        _line.Clear();
        var isCut = false;
        while (_start < _end || Fill())
        {
            var rest = _buffer.AsSpan(_start, _end - _start);
            var newline = rest.IndexOf('\n');
            var part = newline < 0 ? rest : rest[..newline];
            isCut |= _line.Length + part.Length > maxLength;
            _line.Append(isCut ? part[..Math.Max(0, maxLength - _line.Length)] : part);
            _start += newline < 0 ? part.Length : newline + 1;
            if (newline >= 0) return Finish("\n", isCut, out line);
        }

        return _line.Length > 0 ? Finish("", isCut, out line) : false;
    }

    /// <summary>Takes lines back, so that they are read again in this order.</summary>
    internal void TakeBack(IReadOnlyList<Line> lines)
    {
        for (var i = lines.Count - 1; i >= 0; i--) _takenBack.Push(lines[i]);
    }

    private bool Finish(string terminator, bool isCut, out Line line)
    {
        if (terminator.Length > 0 && !isCut && _line.Length > 0 && _line[^1] == '\r')
        {
            _line.Length--;
            terminator = "\r\n";
        }

        line = new(++_number, _line.ToString(), terminator, isCut);
        return true;
    }

    private bool Fill()
    {
        (_start, _end) = (0, reader.Read(_buffer, 0, _buffer.Length));
        return _end > 0;
    }
}
