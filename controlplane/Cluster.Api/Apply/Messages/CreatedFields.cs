using System.Buffers;
using System.Collections;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Json;
using Google.Protobuf;

namespace Cluster.Api.Apply.Messages;

/// <summary>
/// What the writer of a new object owns, written as FieldsV1 at once: the text of what <see cref="MessageComparison"/> with an empty object finds,
/// without the sets between. Creates are most of a busy cluster's writes, and for each of them this is a walk over the object and one buffer.
/// </summary>
/// <remarks>One for each thread that writes; not for concurrent use.</remarks>
internal sealed class CreatedFields : IBufferWriter<byte>
{
    private const int UsualBytes = 2048;

    // A single large object must not keep its buffer for good.
    private const int KeptBytes = 64 * 1024;

    [ThreadStatic]
    private static CreatedFields? mine;

    private byte[] bytes = new byte[UsualBytes];
    private int length;

    private static ReadOnlySpan<byte> Member => "\".\":{}"u8;

    /// <summary>The fields' text; empty where there are none.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="empty">An object of the kind with nothing in it.</param>
    /// <param name="obj">The new object.</param>
    /// <param name="reset">Fields that nobody owns by this write, with all below them.</param>
    /// <param name="stripped">Fields that nobody owns; what is below them may be owned.</param>
    public static ByteString Write(ApplyType type, IMessage empty, IMessage obj, FieldSet reset, FieldSet stripped)
    {
        var text = mine ??= new CreatedFields();
        text.length = 0;
        text.Append((byte)'{');
        text.Fields(type, empty, obj, reset, stripped);
        var written = text.length == 1 ? ByteString.Empty : text.End();
        if (text.bytes.Length > KeptBytes)
            mine = null;
        return written;
    }

    void IBufferWriter<byte>.Advance(int count) => length += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        Reserve(sizeHint);
        return bytes.AsMemory(length);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        Reserve(sizeHint);
        return bytes.AsSpan(length);
    }

    private ByteString End()
    {
        Append((byte)'}');
        return ByteString.CopyFrom(bytes, 0, length);
    }

    private void Fields(ApplyType type, IMessage? before, IMessage after, FieldSet? reset, FieldSet? stripped)
    {
        foreach (var field in type.Fields)
        {
            // What is there when empty is there always: nothing can be removed by a create.
            if (!field.IsTracked || !field.TryGet(after, out var value))
                continue;
            object? zero = null;
            var was = before is not null && field.TryGet(before, out zero);
            if (!was || !Equals(zero, value))
                Below(field.Element, field.Type, was, zero, value, reset, stripped);
        }
    }

    private void Below(PathElement element, ApplyType type, bool was, object? zero, object? value, FieldSet? reset, FieldSet? stripped)
    {
        var (hidden, system) = (reset?.Find(element), stripped?.Find(element));
        if (hidden is { IsMember: true })
            return;

        var start = length;
        Key(element);
        Append((byte)'{');
        var isLeaf = MessageComparison.IsLeaf(type, zero, value);
        var isMember = (isLeaf || !was) && system is not { IsMember: true };
        var below = length;
        if (!isLeaf)
        {
            if (isMember)
                Append(Member);
            var inside = length;
            Inside(type, zero, value, hidden?.Children, system?.Children);
            if (length == inside)
                length = below;
        }

        // Nothing of it is owned: its key goes again.
        if (!isMember && length == below)
            length = start;
        else
            Append((byte)'}');
    }

    private void Inside(ApplyType type, object? zero, object? value, FieldSet? reset, FieldSet? stripped)
    {
        switch (type.Kind)
        {
            case ApplyKind.Struct:
                Fields(type, zero as IMessage, (IMessage)value!, reset, stripped);
                break;
            case ApplyKind.Map:
                Keys(type, (IDictionary)value!, reset, stripped);
                break;
            default:
                Items(type, (IList)value!, reset, stripped);
                break;
        }
    }

    private void Keys(ApplyType type, IDictionary map, FieldSet? reset, FieldSet? stripped)
    {
        var keys = new string[map.Count];
        map.Keys.CopyTo(keys, 0);
        if (keys.Length > 1)
            Array.Sort(keys, StringComparer.Ordinal);
        foreach (var key in keys)
            Below(PathElement.Field(key), type.Element!, was: false, null, map[key], reset, stripped);
    }

    private void Items(ApplyType type, IList list, FieldSet? reset, FieldSet? stripped)
    {
        var items = new List<(PathElement Element, object Value)>(list.Count);
        foreach (var item in list)
        {
            if (MessageElements.Of(type, item!) is { } element)
                items.Add((element, item!));
        }

        if (items.Count > 1)
            items.Sort(static (left, right) => left.Element.CompareTo(right.Element));
        for (var at = 0; at < items.Count; at++)
        {
            var (element, item) = items[at];
            var same = at;
            while (same + 1 < items.Count && items[same + 1].Element.Equals(element))
                same++;
            if (same == at)
                Below(element, type.Element!, was: false, null, item, reset, stripped);
            else if (reset?.Find(element) is not { IsMember: true } && stripped?.Find(element) is not { IsMember: true })
                Leaf(element);
            at = same;
        }
    }

    // Elements that are there more than once are owned as one.
    private void Leaf(PathElement element)
    {
        Key(element);
        Append("{}"u8);
    }

    private void Key(PathElement element)
    {
        if (bytes[length - 1] != (byte)'{')
            Append((byte)',');
        var output = new JsonOutput(this, null);
        output.Key(element.Serialized);
        output.Flush();
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        Reserve(text.Length);
        text.CopyTo(bytes.AsSpan(length));
        length += text.Length;
    }

    private void Append(byte single)
    {
        Reserve(1);
        bytes[length++] = single;
    }

    private void Reserve(int count)
    {
        if (bytes.Length - length < count)
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, length + count));
    }
}
