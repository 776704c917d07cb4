using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;
using Google.Protobuf;

namespace Cluster.Api.Validation;

/// <summary>Small structs as Go's <c>%#v</c> prints them: the text that clients of Kubernetes know as the value of an error.</summary>
internal static class GoStructs
{
    public static string Show(IMessage value) => value switch
    {
        IntOrString number => OfIntOrString(number),
        PodIP ip => $"core.PodIP{{IP:{GoText.Quote(ip.Ip)}}}",
        AppsV1.StatefulSetUpdateStrategy { RollingUpdate: null } strategy =>
            $"apps.StatefulSetUpdateStrategy{{Type:{GoText.Quote(strategy.Type)}, RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}}",
        NodeAddress address => $"core.NodeAddress{{Type:{GoText.Quote(address.Type)}, Address:{GoText.Quote(address.Address)}}}",
        // The time of a taint is a pointer, of which Go prints where it points to.
        Taint { TimeAdded: null } taint =>
            $"core.Taint{{Key:{GoText.Quote(taint.Key)}, Value:{GoText.Quote(taint.Value)}, Effect:{GoText.Quote(taint.Effect)}, TimeAdded:(*v1.Time)(nil)}}",
        ServicePort { HasAppProtocol: false } port =>
            $"core.ServicePort{{Name:{GoText.Quote(port.Name)}, Protocol:{GoText.Quote(port.Protocol)}, AppProtocol:(*string)(nil), "
            + $"Port:{port.Port}, TargetPort:{OfIntOrString(port.TargetPort)}, NodePort:{port.NodePort}}}",
        MetaV1.OwnerReference { HasController: false, HasBlockOwnerDeletion: false } owner =>
            $"v1.OwnerReference{{APIVersion:{GoText.Quote(owner.ApiVersion)}, Kind:{GoText.Quote(owner.Kind)}, Name:{GoText.Quote(owner.Name)}, "
            + $"UID:{GoText.Quote(owner.Uid)}, Controller:(*bool)(nil), BlockOwnerDeletion:(*bool)(nil)}}",
        _ => JsonFormatter.Default.Format(value),
    };

    /// <param name="type">Of the items, with its package.</param>
    /// <param name="items">Each as Go prints it.</param>
    public static GoLiteral List(string type, IEnumerable<string> items) => new($"[]{type}{{{string.Join(", ", items)}}}");

    private static string OfIntOrString(IntOrString? value) =>
        $"intstr.IntOrString{{Type:{value?.Type ?? 0}, IntVal:{value?.IntVal ?? 0}, StrVal:{GoText.Quote(value?.StrVal ?? "")}}}";
}
