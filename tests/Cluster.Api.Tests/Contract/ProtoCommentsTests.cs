using Google.Protobuf.Reflection;

namespace Cluster.Api.Tests.Contract;

public class ProtoCommentsTests
{
    private static readonly ProtoComments Comments = ProtoComments.Read();

    [Fact]
    public void Comments_OfEveryServedKind_DescribeEachMessageAndField()
    {
        var missing = Served().SelectMany(NamesOf).Where(name => string.IsNullOrWhiteSpace(Comments.Of(name))).Order().ToList();

        Assert.Empty(missing);
    }

    [Fact]
    public void Comments_AreShortSentences()
    {
        foreach (var name in Served().SelectMany(NamesOf))
        {
            var comment = Comments.Of(name)!;
            Assert.True(comment.Length is > 3 and < 135 && comment.EndsWith('.'), $"{name}: {comment}");
        }
    }

    [Fact]
    public void Comments_OfAFieldInAMessageTree_AreFound() =>
        Assert.Equal("The image to run; without a tag, latest is meant.", Comments.Of("k8s.io.api.core.v1.Container.image"));

    /// <summary>Every message that can be reached from a kind, its list, or what calls carry and answer.</summary>
    private static HashSet<MessageDescriptor> Served()
    {
        var reached = new HashSet<MessageDescriptor>();
        var roots = ResourceCatalog.All.SelectMany(type => new[] { type.Descriptor, type.ListDescriptor })
            .Append(AutoscalingV1.Scale.Descriptor).Append(MetaV1.Status.Descriptor).Append(MetaV1.DeleteOptions.Descriptor)
            .Append(MetaV1.APIResourceList.Descriptor).Append(MetaV1.APIGroupList.Descriptor).Append(MetaV1.WatchEvent.Descriptor);
        var open = new Queue<MessageDescriptor>(roots.OfType<MessageDescriptor>());
        while (open.TryDequeue(out var message))
        {
            if (message.File.Package.StartsWith("k8s.io", StringComparison.Ordinal) && reached.Add(message))
            {
                foreach (var field in message.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message))
                {
                    open.Enqueue(field.IsMap ? ValueOf(field) : field.MessageType);
                }
            }
        }
        return reached;
    }

    private static MessageDescriptor ValueOf(FieldDescriptor map) =>
        map.MessageType.FindFieldByNumber(2) is { FieldType: FieldType.Message } value ? value.MessageType : map.ContainingType;

    private static IEnumerable<string> NamesOf(MessageDescriptor message) =>
        message.Fields.InDeclarationOrder().Select(field => $"{message.FullName}.{field.Name}").Prepend(message.FullName);
}
