using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Views.Tallies;

/// <summary>Makes the key of a row from the values of its dimensions, without allocating. Different values give different keys.</summary>
/// <remarks>Values are separated by <c>|</c>. In a text, <c>\</c> and <c>|</c> are preceded by <c>\</c>; an empty text is <c>\E</c>, and no value is <c>\N</c>.</remarks>
internal sealed class TallyKey
{
    private char[] _buffer = new char[128];
    private int _length;

    /// <summary>The key of some values; valid until the next call.</summary>
    /// <exception cref="ArgumentException">A value is a number with a fraction.</exception>
    internal ReadOnlySpan<char> Write(ReadOnlySpan<ViewValue> values)
    {
        _length = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0) Append("|");
            Append(values[i]);
        }

        return _buffer.AsSpan(0, _length);
    }

    private void Append(ViewValue value)
    {
        switch (value.Kind)
        {
            case ViewValueKind.Null:
                Append(@"\N");
                break;
            case ViewValueKind.WholeNumber:
                Reserve(20);
                value.WholeNumber.TryFormat(_buffer.AsSpan(_length), out var written, default, CultureInfo.InvariantCulture);
                _length += written;
                break;
            case ViewValueKind.Number:
                throw new ArgumentException("A dimension of a tally is a text, an integer, a date, a time, an id or a truth value, and not a number with a fraction.", nameof(value));
            default:
                AppendText(value.Text!);
                break;
        }
    }

    private void AppendText(string text)
    {
        if (text.Length == 0)
        {
            Append(@"\E");
            return;
        }

        if (text.AsSpan().IndexOfAny('\\', '|') < 0)
        {
            Append(text);
            return;
        }

        Reserve(2 * text.Length);
        foreach (var c in text)
        {
            if (c is '\\' or '|') _buffer[_length++] = '\\';
            _buffer[_length++] = c;
        }
    }

    private void Append(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - _length < count) Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, _length + count));
    }
}
