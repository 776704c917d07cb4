using Cluster.Api;
using Cluster.ApiServer.Registry;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.Rest;

/// <summary>What a body must be: the resource's own message, or that of its subresource.</summary>
internal static class SubresourceBody
{
    public static MessageDescriptor Of(RequestScope scope)
    {
        var part = scope.Resource.Subresources.FirstOrDefault(part => part.Name == scope.Subresource);
        return (part is null ? null : ApiKinds.Find(part.ApiVersion, part.Kind)) ?? scope.Resource.Descriptor;
    }
}
