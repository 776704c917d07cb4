using Cluster.Api;
using Cluster.ApiServer.Registry;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.Rest;

/// <summary>What a body must be: the resource's own message, or that of its subresource.</summary>
internal static class SubresourceBody
{
    /// <param name="scope">What is written.</param>
    /// <param name="body">Says, in either encoding, whether an eviction is of the older version, which is taken too.</param>
    public static MessageDescriptor Of(RequestScope scope, ReadOnlySpan<byte> body)
    {
        if (scope.Subresource == "eviction" && body.IndexOf("policy/v1beta1"u8) >= 0)
            return Cluster.Api.PolicyV1Beta1.Eviction.Descriptor;

        var part = scope.Resource.Subresources.FirstOrDefault(part => part.Name == scope.Subresource);
        return (part is null ? null : ApiKinds.Find(part.ApiVersion, part.Kind)) ?? scope.Resource.Descriptor;
    }
}
