using Cluster.Api.CoreV1;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The comments of the contract's .proto files, by the full name of what they stand at. Read once. Immutable.</summary>
internal sealed class ContractComments
{
    /// <summary>The resource that the build of Cluster.Api.Messages embeds: a FileDescriptorSet with source locations.</summary>
    private const string Resource = "contract.binpb";

    private readonly Dictionary<string, string> _byName = [];

    public static ContractComments Read()
    {
        using var stream = typeof(Pod).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"the assembly of the contract lacks its resource {Resource}");
        var comments = new ContractComments();
        foreach (var file in FileDescriptorSet.Parser.ParseFrom(stream).File)
            comments.Add(file);
        return comments;
    }

    /// <summary>The comment before a message, without line breaks; empty if it has none.</summary>
    public string Of(MessageDescriptor message) => _byName.GetValueOrDefault(message.FullName, "");

    /// <summary>The comment before a field, without line breaks; empty if it has none.</summary>
    public string Of(FieldDescriptor field) => _byName.GetValueOrDefault(field.FullName, "");

    private void Add(FileDescriptorProto file)
    {
        foreach (var location in file.SourceCodeInfo.Location)
        {
            if (location.LeadingComments.Length > 0 && NameOf(file, location.Path) is { } name)
                _byName[name] = string.Join(' ', location.LeadingComments.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
    }

    /// <summary>What a location's path leads to: [4, i] is message i of the file, [4, i, 2, j] its field j (descriptor.proto).</summary>
    private static string? NameOf(FileDescriptorProto file, IReadOnlyList<int> path) => path switch
    {
        [FileDescriptorProto.MessageTypeFieldNumber, var message] => $"{file.Package}.{file.MessageType[message].Name}",
        [FileDescriptorProto.MessageTypeFieldNumber, var message, DescriptorProto.FieldFieldNumber, var field] =>
            $"{file.Package}.{file.MessageType[message].Name}.{file.MessageType[message].Field[field].Name}",
        _ => null,
    };
}
