for pdf in reports/briefings/*/*.pdf; do
    attached=$(mktemp -d)
    pdfdetach -saveall -o "$attached" "$pdf"
    for kind in csv json; do
        cmp "$attached"/*.figures.$kind "${pdf%.pdf}.figures.$kind"
    done
done
