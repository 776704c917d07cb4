using System.Collections;
using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Apply.Trees;
using Cluster.Api.Json;
using Google.Protobuf;

namespace Cluster.Api.Apply.Messages;

/// <summary>
/// Compares two objects as they are in memory, as <see cref="TreeComparison"/> would compare their JSON. Equal parts are stepped over
/// without a look inside, so that a small change of a large object costs little more than finding it.
/// </summary>
internal static class MessageComparison
{
    public static FieldChanges Compare(ApplyType type, IMessage before, IMessage after)
    {
        var changes = new FieldChanges();
        new Walker(changes).Fields(type, before, after);
        return changes;
    }

    /// <summary>Nothing below the value has owners of its own.</summary>
    public static bool IsLeaf(ApplyType type, object? before, object? after) => type.IsAtomic || type.Kind switch
    {
        ApplyKind.Scalar => true,
        ApplyKind.Struct => IsEmpty(type, before as IMessage) && IsEmpty(type, after as IMessage),
        _ => before is not ICollection { Count: > 0 } && after is not ICollection { Count: > 0 },
    };

    private static bool IsEmpty(ApplyType type, IMessage? message)
    {
        if (message is null)
            return true;
        foreach (var field in type.Fields)
        {
            if (field.IsTracked && field.TryGet(message, out _))
                return false;
        }

        return true;
    }

    private readonly struct Walker(FieldChanges changes)
    {
        public void Fields(ApplyType type, IMessage? before, IMessage? after)
        {
            foreach (var field in type.Fields)
            {
                if (!field.IsTracked)
                    continue;
                var (wasValue, nowValue) = ((object?)null, (object?)null);
                var was = before is not null && field.TryGet(before, out wasValue);
                var now = after is not null && field.TryGet(after, out nowValue);
                if ((was || now) && (was != now || !Equals(wasValue, nowValue)))
                    Below(field.Element, field.Type, new Side(was, wasValue), new Side(now, nowValue));
            }
        }

        private void Below(PathElement element, ApplyType type, Side before, Side after)
        {
            changes.Enter(element);
            Compare(type, before, after);
            changes.Leave();
        }

        private void Compare(ApplyType type, Side before, Side after)
        {
            if (type.Kind == ApplyKind.Any)
            {
                TreeComparison.Compare(type, Tree(before.Value), Tree(after.Value), changes);
                return;
            }

            if (IsLeaf(type, before.Value, after.Value))
            {
                if (!before.IsPresent)
                    changes.Add();
                else if (!after.IsPresent)
                    changes.Remove();
                else if (!Equals(before.Value, after.Value))
                    changes.Modify();
                return;
            }

            switch (type.Kind)
            {
                case ApplyKind.Struct:
                    Fields(type, before.Value as IMessage, after.Value as IMessage);
                    break;
                case ApplyKind.Map:
                    Keys(type, before.Value as IDictionary, after.Value as IDictionary);
                    break;
                default:
                    Items(type, before.Value as IList, after.Value as IList);
                    break;
            }

            if (!before.IsPresent)
                changes.Add();
            else if (!after.IsPresent)
                changes.Remove();
        }

        private void Keys(ApplyType type, IDictionary? before, IDictionary? after)
        {
            if (before is not null)
            {
                foreach (DictionaryEntry entry in before)
                    Key(type, (string)entry.Key, entry.Value, after?[entry.Key]);
            }

            if (after is null)
                return;
            foreach (DictionaryEntry entry in after)
            {
                if (before is null || !before.Contains(entry.Key))
                    Key(type, (string)entry.Key, null, entry.Value);
            }
        }

        private void Key(ApplyType type, string key, object? before, object? after)
        {
            if (!Equals(before, after))
                Below(PathElement.Field(key), type.Element!, new Side(before is not null, before), new Side(after is not null, after));
        }

        private void Items(ApplyType type, IList? before, IList? after)
        {
            var was = Group(type, before);
            var now = Group(type, after);
            foreach (var (element, items) in was)
                Item(type, element, items, now.GetValueOrDefault(element));
            foreach (var (element, items) in now)
            {
                if (!was.ContainsKey(element))
                    Item(type, element, default, items);
            }
        }

        // Elements that are there more than once are owned and compared as one.
        private void Item(ApplyType type, PathElement element, ItemGroup was, ItemGroup now)
        {
            if (was.Count <= 1 && now.Count <= 1)
            {
                if (!Equals(was.First, now.First))
                    Below(element, type.Element!, was.Single, now.Single);
                return;
            }

            if (was.Count == 1)
                Below(element, type.Element!, was.Single, default);
            else if (now.Count == 1)
                Below(element, type.Element!, default, now.Single);
            changes.Enter(element);
            if (was.Count < 2)
                changes.Add();
            else if (now.Count < 2)
                changes.Remove();
            else if (!was.All!.SequenceEqual(now.All!))
                changes.Modify();
            changes.Leave();
        }

        private static Dictionary<PathElement, ItemGroup> Group(ApplyType type, IList? list)
        {
            var groups = new Dictionary<PathElement, ItemGroup>(list?.Count ?? 0);
            for (var index = 0; index < (list?.Count ?? 0); index++)
            {
                if (MessageElements.Of(type, list![index]!) is { } element)
                    groups[element] = groups.GetValueOrDefault(element).With(list[index]!);
            }

            return groups;
        }

        private static JsonNode? Tree(object? value) => value is IRawJson { Raw.IsEmpty: false } raw ? JsonTrees.Parse(raw.Raw.Span) : null;
    }

    // A value that is not there, as against one that is null.
    private readonly record struct Side(bool IsPresent, object? Value);

    private readonly record struct ItemGroup(object? First, List<object>? All)
    {
        public int Count => All?.Count ?? (First is null ? 0 : 1);

        public Side Single => new(First is not null, First);

        public ItemGroup With(object item) => First is null ? new ItemGroup(item, null) : new ItemGroup(First, [.. All ?? [First], item]);
    }
}
